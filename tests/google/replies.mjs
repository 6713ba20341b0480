// The bodies Google answers with when it refuses, one place for all of them. Sources: Google's "Handle API
// errors" guide, real replies quoted in public issues, RFC 6749 for the token endpoint.

/** A refusal: thrown by whatever finds the fault, rendered once by the server. */
export class Refusal extends Error {
  constructor(status, body, headers = {}) {
    super(typeof body === 'string' ? body : JSON.stringify(body));
    Object.assign(this, { status, body, headers });
  }
  get reason() {
    return this.body?.error?.errors?.[0]?.reason ?? this.body?.error ?? `status ${this.status}`;
  }
}

function apiError(code, domain, reason, message, more = {}, envelope = {}, headers = {}) {
  return new Refusal(
    code,
    { error: { errors: [{ domain, reason, message, ...more }], code, message, ...envelope } },
    headers,
  );
}

/** Each name is one row of Google's error table; the arguments only fill in what its text mentions. */
export const refusals = {
  invalid: (message = 'Invalid Value', where) => apiError(400, 'global', 'invalid', message, where),
  invalidParameter: (name, message = `Invalid value for: ${name}`) =>
    apiError(400, 'global', 'invalidParameter', message, { locationType: 'parameter', location: name }),
  required: (message = 'Required') => apiError(400, 'global', 'required', message),
  parseError: (message = 'Parse Error') => apiError(400, 'global', 'parseError', message),
  badRequest: (message = 'Bad Request') => apiError(400, 'global', 'badRequest', message),
  unknownName: (name) =>
    apiError(
      400,
      'global',
      'badRequest',
      `Invalid JSON payload received. Unknown name "${name}": Cannot bind.`,
      {},
      { status: 'INVALID_ARGUMENT' },
    ),
  timeRangeEmpty: () =>
    apiError(400, 'calendar', 'timeRangeEmpty', 'The specified time range is empty.', {
      locationType: 'parameter',
      location: 'timeMax',
    }),
  timeRangeTooLong: () =>
    apiError(400, 'calendar', 'timeRangeTooLong', 'The requested time range is too long.'),
  conferenceType: () => apiError(400, 'global', 'invalid', 'Invalid conference type value.'),
  reminders: () =>
    apiError(
      400,
      'calendar',
      'cannotUseDefaultRemindersAndSpecifyOverride',
      'Cannot specify both default reminders and overrides at the same time.',
    ),
  pushNotHttps: (address) =>
    apiError(400, 'global', 'push.webhookUrlNotHttps', `WebHook callback must be HTTPS: ${address}`),
  channelIdNotUnique: (id) => apiError(400, 'global', 'channelIdNotUnique', `Channel id ${id} not unique`),

  noCredentials: () =>
    apiError(
      401,
      'global',
      'required',
      'Login Required.',
      { locationType: 'header', location: 'Authorization' },
      { status: 'UNAUTHENTICATED', details: [errorInfo('CREDENTIALS_MISSING')] },
      { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' },
    ),
  authError: () =>
    apiError(
      401,
      'global',
      'authError',
      'Invalid Credentials',
      { locationType: 'header', location: 'Authorization' },
      { status: 'UNAUTHENTICATED' },
      { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' },
    ),

  insufficientPermissions: (scopes = []) =>
    new Refusal(
      403,
      {
        error: {
          code: 403,
          message: 'Request had insufficient authentication scopes.',
          errors: [
            { message: 'Insufficient Permission', domain: 'global', reason: 'insufficientPermissions' },
          ],
          status: 'PERMISSION_DENIED',
          details: [errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT')],
        },
      },
      {
        'www-authenticate': `Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="${scopes.join(' ')}"`,
      },
    ),
  forbiddenForServiceAccounts: () =>
    apiError(
      403,
      'calendar',
      'forbiddenForServiceAccounts',
      'Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.',
    ),
  forbiddenForNonOrganizer: () =>
    apiError(
      403,
      'calendar',
      'forbiddenForNonOrganizer',
      'Shared properties can only be changed by the organizer of the event.',
    ),
  requiredAccessLevel: () =>
    apiError(403, 'calendar', 'requiredAccessLevel', 'You need to have writer access to this calendar.'),
  accessNotConfigured: () =>
    apiError(
      403,
      'usageLimits',
      'accessNotConfigured',
      'Google Calendar API has not been used in project 1 before or it is disabled.',
      {},
      { status: 'PERMISSION_DENIED' },
    ),
  rateLimitExceeded403: () => apiError(403, 'usageLimits', 'rateLimitExceeded', 'Rate Limit Exceeded'),
  userRateLimitExceeded: () =>
    apiError(403, 'usageLimits', 'userRateLimitExceeded', 'User Rate Limit Exceeded'),
  quotaExceeded: () => apiError(403, 'usageLimits', 'quotaExceeded', 'Calendar usage limits exceeded.'),

  notFound: () => apiError(404, 'global', 'notFound', 'Not Found'),
  channelNotFound: (id) =>
    apiError(404, 'global', 'notFound', `Channel '${id}' not found for project 'stand-in'`),
  duplicate: () => apiError(409, 'global', 'duplicate', 'The requested identifier already exists.'),
  conflict: () => apiError(409, 'global', 'conflict', 'Conflict'),
  deleted: () => apiError(410, 'global', 'deleted', 'Resource has been deleted'),
  fullSyncRequired: () =>
    apiError(410, 'calendar', 'fullSyncRequired', 'Sync token is no longer valid, a full sync is required.', {
      locationType: 'parameter',
      location: 'syncToken',
    }),
  updatedMinTooLongAgo: () =>
    apiError(
      410,
      'calendar',
      'updatedMinTooLongAgo',
      'The requested minimum modification time lies too far in the past.',
      { locationType: 'parameter', location: 'updatedMin' },
    ),
  conditionNotMet: () =>
    apiError(412, 'global', 'conditionNotMet', 'Precondition Failed', {
      locationType: 'header',
      location: 'If-Match',
    }),
  rateLimitExceeded: () => apiError(429, 'usageLimits', 'rateLimitExceeded', 'Rate Limit Exceeded'),
  internalError: () => apiError(500, 'global', 'internalError', 'Internal Error'),
  backendError: () => apiError(500, 'global', 'backendError', 'Backend Error'),
  backendError503: () => apiError(503, 'global', 'backendError', 'Service Unavailable'),
  backendError504: () => apiError(504, 'global', 'backendError', 'Gateway Timeout'),
  html502: () =>
    new Refusal(
      502,
      '<!DOCTYPE html><html lang=en><title>Error 502 (Server Error)!!1</title>' +
        '<p><b>502.</b> <ins>That’s an error.</ins><p>The server encountered a temporary error.</html>',
      { 'content-type': 'text/html; charset=UTF-8' },
    ),
  html503: () =>
    new Refusal(
      503,
      '<!DOCTYPE html><html lang=en><title>Error 503 (Service Unavailable)!!1</title></html>',
      { 'content-type': 'text/html; charset=UTF-8' },
    ),
  notModelled: (what) => apiError(501, 'stand-in', 'notModelled', `The stand-in does not model ${what}.`),
};

function errorInfo(reason) {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'googleapis.com',
    metadata: { service: 'calendar-json.googleapis.com' },
  };
}

/** The token endpoint speaks RFC 6749, not the API's envelope. */
export const tokenRefusal = (status, error, description) =>
  new Refusal(status, description ? { error, error_description: description } : { error });

/** The token endpoint's refusals by name, for fault orders. */
export const tokenRefusals = {
  invalid_grant: () => tokenRefusal(400, 'invalid_grant', 'Token has been expired or revoked.'),
  invalid_client: () => tokenRefusal(401, 'invalid_client', 'The OAuth client was not found.'),
  unauthorized_client: () =>
    tokenRefusal(
      401,
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens ' +
        'using this method, or client not authorized for any of the scopes requested.',
    ),
  access_denied: () => tokenRefusal(403, 'access_denied', 'Requested client not authorized.'),
  admin_policy_enforced: () =>
    tokenRefusal(400, 'admin_policy_enforced', 'Access to your account data is restricted by policies.'),
  deleted_client: () => tokenRefusal(401, 'deleted_client', 'The OAuth client was deleted.'),
  disabled_client: () => tokenRefusal(401, 'disabled_client', 'The OAuth client was disabled.'),
  invalid_scope: () =>
    tokenRefusal(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience provided.'),
  org_internal: () =>
    tokenRefusal(403, 'org_internal', 'This client is restricted to users within its organization.'),
};
