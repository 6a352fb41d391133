/**
 * What the AWS tools find in the environment and in the files of the user: credentials, region, endpoint. The order is that of the
 * AWS command line: environment, shared files with their profile, the container's credentials, the instance's role.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from './signature.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Profile = Readonly<Record<string, string>>;

const CONTAINER_HOST = 'http://169.254.170.2';
const INSTANCE_HOST = 'http://169.254.169.254';
const METADATA_MS = 2_000;

export interface S3Settings {
  readonly region: string;
  /** Where requests go; the bucket is the first part of the path. */
  readonly endpoint: string;
}

export function settingsOf(env: Environment): S3Settings {
  const profile = profileIn(configFile(env), env, true);
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? profile.region ?? 'us-east-1';
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? profile.endpoint_url;
  return { region, endpoint: endpoint ?? `https://s3.${region}.amazonaws.com` };
}

/** Throws, in words for people, when there are none. Temporary ones are to be asked for again when they have expired. */
export async function findCredentials(env: Environment, http: typeof fetch = fetch): Promise<Credentials> {
  const own = env.AWS_PROFILE === undefined ? fromEnvironment(env) : null;
  const found = own ?? fromProfile(env) ?? fromEnvironment(env) ?? (await fromContainer(env, http));
  const last = found ?? (env.AWS_EC2_METADATA_DISABLED === 'true' ? null : await fromInstance(http));
  if (last !== null) return last;
  throw new Error(
    'There are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with a profile in ' +
      '~/.aws/credentials, as for the AWS command line.',
  );
}

function fromEnvironment(env: Environment): Credentials | null {
  return credentialsOf(env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN);
}

function fromProfile(env: Environment): Credentials | null {
  const files = [profileIn(credentialsFile(env), env, false), profileIn(configFile(env), env, true)];
  for (const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } of files) {
    const found = credentialsOf(id, secret, token);
    if (found !== null) return found;
  }
  return null;
}

function credentialsFile(env: Environment): string {
  return env.AWS_SHARED_CREDENTIALS_FILE ?? join(env.HOME ?? homedir(), '.aws', 'credentials');
}

function configFile(env: Environment): string {
  return env.AWS_CONFIG_FILE ?? join(env.HOME ?? homedir(), '.aws', 'config');
}

/** In the config file a profile's section is `[profile NAME]`, but for the default one. */
function profileIn(file: string, env: Environment, isConfig: boolean): Profile {
  const name = env.AWS_PROFILE ?? 'default';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  const wanted = isConfig && name !== 'default' ? `profile ${name}` : name;
  const profile: Record<string, string> = {};
  let isIn = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) isIn = section.replace(/\s+/g, ' ') === wanted;
    const [, key, value] = /^([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isIn && key !== undefined && value !== undefined) profile[key.toLowerCase()] = value;
  }
  return profile;
}

/** Of a task of ECS or a pod of EKS. */
async function fromContainer(env: Environment, http: typeof fetch): Promise<Credentials | null> {
  const path = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const url = path === undefined ? env.AWS_CONTAINER_CREDENTIALS_FULL_URI : CONTAINER_HOST + path;
  if (url === undefined) return null;
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file === undefined ? env.AWS_CONTAINER_AUTHORIZATION_TOKEN : readFileSync(file, 'utf8').trim();
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
  const response = await http(url, { headers, signal: AbortSignal.timeout(METADATA_MS) });
  if (!response.ok) throw new Error(`The container's credentials for S3 could not be had: ${response.status}`);
  return answered(JSON.parse(await response.text()));
}

/** Of the instance's role, by version 2 of its metadata service; null on a machine that has none. */
async function fromInstance(http: typeof fetch): Promise<Credentials | null> {
  const base = `${INSTANCE_HOST}/latest`;
  const ask = async (url: string, init: RequestInit): Promise<string | null> => {
    const response = await http(url, { ...init, signal: AbortSignal.timeout(METADATA_MS) });
    return response.ok ? response.text() : null;
  };
  try {
    const token = await ask(`${base}/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
    });
    if (token === null) return null;
    const headers = { 'x-aws-ec2-metadata-token': token };
    const roles = `${base}/meta-data/iam/security-credentials/`;
    const role = (await ask(roles, { headers }))?.split('\n')[0];
    const text = role === undefined ? null : await ask(roles + role, { headers });
    return text === null ? null : answered(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The form in which containers and instances answer. */
function answered(answer: {
  readonly AccessKeyId?: string;
  readonly SecretAccessKey?: string;
  readonly Token?: string;
}): Credentials | null {
  return credentialsOf(answer.AccessKeyId, answer.SecretAccessKey, answer.Token);
}

function credentialsOf(
  id: string | undefined,
  secret: string | undefined,
  token: string | undefined,
): Credentials | null {
  if (id === undefined || id === '' || secret === undefined || secret === '') return null;
  return { accessKeyId: id, secretAccessKey: secret, sessionToken: token === undefined || token === '' ? null : token };
}
