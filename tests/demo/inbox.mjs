// The demo's inbox: a real mail server, and a page that shows what it took. Mails are kept in memory.
import http from 'node:http';
import { MailServer } from '../harness/mail.mjs';
import { styleguide } from './styleguide.mjs';

const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

const linked = (text) =>
  escaped(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}" target="_blank">${url}</a>`);

const STYLE = `
  :root { color-scheme: light dark }
  body { font: 16px/1.5 Helvetica, Arial, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
  article { border-top: 1px solid #8886; padding: .75rem 0 }
  h2 { font-size: 1rem; margin: 0 } pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
  p { margin: 0; opacity: .75 }`;
/** Shows a new mail as soon as it is there; a page that stays open needs no click. */
const SCRIPT = `
  const shown = document.querySelectorAll('article').length;
  setInterval(async () => {
    const { mails } = await (await fetch('/mails')).json().catch(() => ({ mails: [] }));
    if (mails.length > shown) location.reload();
  }, 1000);`;

function page(mails) {
  const articles = mails.map(
    ({ subject, to, headers, text, html }, n) => `<article><h2>${escaped(subject)}</h2>
<p>to ${escaped(to.join(', '))}, ${escaped(headers.date)}${html ? `, <a href="/mails/${n}" target="_blank">as HTML</a>` : ''}</p>
<pre>${linked(text ?? '')}</pre></article>`,
  );
  const none = '<p>No mail yet. Ask for a sign-in code, or book a session.</p>';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Inbox</title><style>${STYLE}</style><h1>Inbox</h1>${articles.reverse().join('\n') || none}<script>${SCRIPT}</script></html>`;
}

export class Inbox {
  /**
   * Listens on `port` of the loopback; `child` are options for the mail server's program; `pages`: the daemon whose design
   * /styleguide/ shows.
   */
  static async start({ port, child, pages }) {
    const inbox = new Inbox();
    inbox.pages = pages;
    inbox.server = await MailServer.start({}, 0, child);
    inbox.settings = { ...inbox.server.settings, MAIL_FROM: 'bookings@coach.example' };
    inbox.http = http.createServer((request, reply) => inbox.#answer(request.url, reply));
    await new Promise((resolve, reject) =>
      inbox.http.once('error', reject).listen(port, '127.0.0.1', resolve),
    );
    inbox.url = `http://127.0.0.1:${port}`;
    return inbox;
  }

  #answer(url, reply) {
    const mails = this.server.read();
    const shown = mails[/^\/mails\/(\d+)$/.exec(url)?.[1]];
    const send = (status, type, body, more = {}) =>
      reply.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...more }).end(body);
    if (url === '/styleguide/') send(200, 'text/html; charset=utf-8', styleguide(this.pages));
    else if (url === '/') send(200, 'text/html; charset=utf-8', page(mails));
    else if (url === '/mails') send(200, 'application/json', JSON.stringify({ mails }));
    else if (shown?.html)
      // As in a mail program: what a mail brings along runs no script here.
      send(200, 'text/html; charset=utf-8', shown.html, {
        'content-security-policy':
          "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox",
      });
    else send(404, 'text/plain', 'There is no such mail.\n');
  }

  async stop() {
    this.http.closeAllConnections();
    this.http.close();
    await this.server.stop();
  }
}
