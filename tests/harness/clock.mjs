/** Rows go one by one, in any order: on the way none may stand where another has yet to go. */
const FAR_SECONDS = 3_000_000_000;

/**
 * Time goes on: everything that is written down was so much earlier, and with it the starts that the ledger's reminders
 * are about. What Google has stays where it is, so whatever it is to change comes first.
 */
export function passTime(database, seconds) {
  const tables = database.rows(`SELECT table_name AS name, array_agg(column_name::text) AS columns
    FROM information_schema.columns WHERE table_schema = 'bookingd' AND data_type = 'timestamp with time zone'
      AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE')
    GROUP BY table_name`);
  const all = (by) =>
    tables
      .map(({ name, columns }) => {
        const earlier = columns.map((column) => `${column} = ${column} - interval '${by} seconds'`);
        return `UPDATE ${name} SET ${earlier.join(', ')};`;
      })
      .join('\n');
  database.run(`BEGIN;
    SET LOCAL session_replication_role = replica;
    ${all(FAR_SECONDS)}
    ${all(seconds - FAR_SECONDS)}
    UPDATE notice SET about = split_part(about, '@', 1) || '@' || split_part(about, '@', 2)::bigint - ${seconds}
    WHERE kind = 'reminder';
    SELECT pg_notify('bookingd_coach', 'test:' || id) FROM coach;
    COMMIT`);
}
