/* What the developer of a page is told whose origin the server was not told of. */

/* A server of another origin that is there, but answers this page nothing: visitors cannot mend that. */
export async function blameOrigin(server) {
  if (new URL(server).origin === location.origin) return;
  const there = await fetch(new URL('healthz', server), { mode: 'no-cors', credentials: 'omit' }).catch(
    () => null,
  );
  if (there)
    console.warn(
      `mosaic-booking: ${new URL(server).origin} does not answer pages of ${location.origin}. ` +
        `Add ${location.origin} to CORS_ALLOWED_ORIGINS of bookingd.`,
    );
}
