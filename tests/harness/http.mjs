// An HTTP client over keep-alive connections that shows all of a reply.
import http from 'node:http';
import net from 'node:net';

export class Client {
  /**
   * `base` is the server's address; `token` goes along as bearer; `connections` at most that many at once.
   */
  constructor(base, { token, headers = {}, connections = 64 } = {}) {
    this.base = base;
    this.headers = { ...(token && { authorization: `Bearer ${token}` }), ...headers };
    this.token = token;
    // The daemon closes a connection that was idle for a minute, perhaps just when we write to it: we do so before it.
    this.agent = new http.Agent({ keepAlive: true, maxSockets: connections, timeout: 30_000 });
  }

  /**
   * One request: { status, headers, text, body (if JSON), ms }. A `body` that is no string or Buffer goes as
   * JSON.
   */
  request(method, path, body, headers = {}) {
    const raw = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
    const bytes = raw ? body : JSON.stringify(body);
    const all = {
      ...this.headers,
      ...(bytes !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(bytes),
      }),
      ...headers,
    };
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.request(this.base + path, { method, headers: all, agent: this.agent }, (reply) => {
        const chunks = [];
        reply
          .on('data', (chunk) => chunks.push(chunk))
          .on('error', reject)
          .on('end', () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString();
            const plain = !reply.headers['content-encoding'];
            const json = plain && /\bjson\b/.test(reply.headers['content-type'] ?? '') && text;
            const body = json ? JSON.parse(text) : undefined;
            // The first home's page takes these two for its own, whatever was called.
            for (const name of ['session_id', 'metrics'])
              if (body && Object.hasOwn(body, name)) reject(new Error(`${method} ${path} says ${name}`));
            resolve({
              status: reply.statusCode,
              headers: reply.headers,
              bytes,
              text,
              body,
              ms: performance.now() - started,
            });
          });
      });
      request
        .on('error', (error) => {
          error.message = `${method} ${this.base}${path}: ${error.message}`;
          reject(error);
        })
        .end(bytes);
    });
  }

  get(path, headers) {
    return this.request('GET', path, undefined, headers);
  }
  post(path, body, headers) {
    return this.request('POST', path, body, headers);
  }
  put(path, body, headers) {
    return this.request('PUT', path, body, headers);
  }
  delete(path, headers) {
    return this.request('DELETE', path, undefined, headers);
  }

  /**
   * Sends bytes as they are on a connection of their own and resolves to all that comes back until the server
   * closes.
   */
  raw(bytes, { ms = 10_000 } = {}) {
    const { hostname, port } = new URL(this.base);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = net.connect({ host: hostname, port: Number(port) }, () => socket.write(bytes));
      socket.setEncoding('latin1').setTimeout(ms, () => socket.destroy());
      socket
        .on('data', (text) => {
          answer += text;
        })
        .on('close', () => resolve(answer))
        .on('error', (error) => {
          if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer);
          else reject(error);
        });
    });
  }

  close() {
    this.agent.destroy();
  }
}
