// A strict stand-in for Google Calendar and Google's OAuth, over real HTTP on the loopback. See README.md.
//
//   node google.mjs [--port N] [--credentials FOLDER] [--state FILE] [--stay]
//
// Prints one line of JSON with its addresses, then serves until SIGTERM or SIGINT, or until its standard
// input ends (so that it never outlives the program that started it; --stay turns that off).
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startGoogle } from './server.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    credentials: { type: 'string' },
    state: { type: 'string' },
    stay: { type: 'boolean' },
  },
});

const google = await startGoogle({ port: Number(values.port), stateFile: values.state });
const { serviceAccount, oauthClient } = google.world.kept;
const addresses = {
  url: google.url,
  calendar_api: `${google.url}/calendar/v3`,
  token_url: `${google.url}/token`,
  auth_url: `${google.url}/o/oauth2/v2/auth`,
  revoke_url: `${google.url}/revoke`,
  control: `${google.url}/_control`,
};
google.world.save(); // a fresh world's keys are worth keeping from the start

if (values.credentials) {
  const write = (name, value) => {
    const file = path.resolve(values.credentials, name);
    fs.mkdirSync(values.credentials, { recursive: true });
    fs.writeFileSync(file, JSON.stringify(value, null, 2) + '\n', { mode: 0o600 });
    return file;
  };
  addresses.service_account_key = write('service-account.json', {
    type: 'service_account',
    project_id: 'stand-in',
    private_key_id: serviceAccount.keyId,
    private_key: serviceAccount.privateKey,
    client_email: serviceAccount.email,
    client_id: serviceAccount.clientId,
    auth_uri: addresses.auth_url,
    token_uri: addresses.token_url,
    universe_domain: 'googleapis.com',
  });
  addresses.oauth_client = write('oauth-client.json', {
    web: {
      client_id: oauthClient.clientId,
      client_secret: oauthClient.clientSecret,
      project_id: 'stand-in',
      auth_uri: addresses.auth_url,
      token_uri: addresses.token_url,
      redirect_uris: oauthClient.redirectUris,
    },
  });
}
console.log(JSON.stringify(addresses));

// At once: a connection that somebody keeps open is not waited for.
const stop = () => {
  google.world.saveNow();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (!values.stay) process.stdin.on('end', stop).on('error', stop).resume();
