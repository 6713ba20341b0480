// Tokens as a platform would mint them, and bad ones as an attacker would.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

const part = (value) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const hour = () => Math.floor(Date.now() / 1000) + 3600;

/** An HS256 token; `claims` may override `exp` (undefined leaves it out), `header` the header. */
export function mintHS256(secret, claims, header = {}) {
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part({ exp: hour(), ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** An RS256 or ES256 token, by the kind of `privateKey` (a KeyObject). */
export function mintSigned(privateKey, claims, header = {}) {
  const alg = privateKey.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256';
  const signed = `${part({ alg, typ: 'JWT', ...header })}.${part({ exp: hour(), ...claims })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A token that nobody signed. */
export const mintUnsigned = (claims, header = {}) =>
  `${part({ alg: 'none', typ: 'JWT', ...header })}.${part({ exp: hour(), ...claims })}.`;

/** A key pair: { privateKey, publicKey, pem, jwk(kid) }. */
export function keyPair(kind = 'rsa') {
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    ...pair,
    pem: pair.publicKey.export({ type: 'spki', format: 'pem' }),
    jwk: (kid) => ({
      ...pair.publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: kind === 'ec' ? 'ES256' : 'RS256',
    }),
  };
}
