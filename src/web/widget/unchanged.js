/*
 * What both pages do with a session only if it stands as it is shown, and was not changed elsewhere meanwhile.
 */

/* `now`, if it is another than what is shown; else null. */
export function otherThan(shown, now) {
  const other = (name) => shown[name] && Date.parse(shown[name]) !== Date.parse(now[name]);
  return (shown.status && shown.status !== now.status) || other('start') || other('end') ? now : null;
}

/* What look() finds to be another, if that may be why something was refused. */
export const causeOf = async ({ status }, look) =>
  [404, 409, 410].includes(status) ? look().catch(() => null) : null;

/*
 * Does send() if look() finds nothing other than is shown; else, also if that is why it was refused, does tell(now) and answers
 * null. reached(now): it is already what was wanted.
 */
export async function ifUnchanged({ look, reached, tell }, send) {
  let now = await look();
  if (!now)
    try {
      return await send();
    } catch (problem) {
      now = await causeOf(problem, look);
      if (!now) throw problem;
    }
  if (reached(now)) return now;
  await tell(now);
  return null;
}
