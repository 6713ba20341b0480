/* windows_zone - the names that Windows, Outlook and Exchange give to time zones. Pure. */
#ifndef DOMAIN_WINDOWS_ZONE_H
#define DOMAIN_WINDOWS_ZONE_H

/* The IANA name for one such as "W. Europe Standard Time", in any letter case; NULL if it is not known.
 * Static text. */
const char *windows_zone_iana(const char *name);

#endif
