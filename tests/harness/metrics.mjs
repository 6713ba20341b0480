// What the daemon's /metrics says now.

/**
 * The value of one series: its name, and exactly these labels. 0 when there is none yet.
 *
 *   await metric(stack.stranger(), 'bookingd_http_requests_total', { method: 'POST', route: '/booking/create', code: '201' })
 */
export async function metric(client, name, labels = {}) {
  const { text } = await client.get('/metrics');
  const wanted = Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .sort()
    .join(',');
  for (const line of text.split('\n')) {
    const [, found, inside = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const given = (inside.match(/[a-z_]+="(?:[^"\\]|\\.)*"/g) ?? []).sort().join(',');
    if (found === name && given === wanted) return Number(value);
  }
  return 0;
}
