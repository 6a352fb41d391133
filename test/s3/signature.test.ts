/** Signatures against the examples that Amazon publishes, and credentials where the AWS tools find them. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openS3 } from '../../src/s3/s3-address.ts';
import { findCredentials, settingsOf } from '../../src/s3/settings.ts';
import { EMPTY_SHA256, signed } from '../../src/s3/signature.ts';
import { scratchDirectory } from '../journal/scratch.ts';

/** "Authenticating Requests: Using the Authorization Header", Amazon S3 API reference: its account, region and time. */
const ACCOUNT = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const AT = Date.UTC(2013, 4, 24);
const HOST = 'https://examplebucket.s3.amazonaws.com';

describe('a signature is that of the published example:', () => {
  test.each([
    [
      'GET',
      '/test.txt',
      { range: 'bytes=0-9' },
      '',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT',
      '/test%24file.text',
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      'Welcome to Amazon S3.',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    ['GET', '/?lifecycle=', {}, '', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['GET', '/?max-keys=2&prefix=J', {}, '', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ] as const)('%s %s', (method, path, headers, body, signature) => {
    const payloadSha256 = body === '' ? EMPTY_SHA256 : createHash('sha256').update(body).digest('hex');
    const { authorization } = signed(
      { method, url: new URL(HOST + path), headers, payloadSha256 },
      ACCOUNT,
      'us-east-1',
      AT,
    );
    expect(authorization?.split('Signature=')[1]).toBe(signature);
  });
});

test('temporary credentials are sent with their token, which is signed', () => {
  const request = { method: 'GET', url: new URL(HOST), headers: {}, payloadSha256: EMPTY_SHA256 };
  const headers = signed(request, { ...ACCOUNT, sessionToken: 'the token' }, 'us-east-1', AT);
  expect(headers['x-amz-security-token']).toBe('the token');
  expect(headers.authorization).toMatch(/SignedHeaders=[^,]*x-amz-security-token/);
});

describe('credentials', () => {
  const refused: typeof fetch = () => Promise.reject(new Error('nobody is there'));
  function home(): Record<string, string> {
    const directory = scratchDirectory();
    const [credentials, config] = [join(directory, 'credentials'), join(directory, 'config')];
    writeFileSync(
      credentials,
      '[default]\naws_access_key_id = one\naws_secret_access_key=1\n[ work ]\naws_access_key_id=two\naws_secret_access_key=2\naws_session_token = t\n',
    );
    writeFileSync(
      config,
      '[default]\nregion = eu-central-1\n\n[profile work]\nregion=eu-west-3\nendpoint_url = https://minio.example\n',
    );
    return { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
  }

  test('come from the environment, before the files', async () => {
    const env = { ...home(), AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'sa-east-1' };
    expect(await findCredentials(env, refused)).toEqual({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null });
    expect(settingsOf(env)).toEqual({ region: 'sa-east-1', endpoint: 'https://s3.sa-east-1.amazonaws.com' });
  });

  test('come from the files, of the default profile or of the one named', async () => {
    const env = home();
    expect(await findCredentials(env, refused)).toEqual({
      accessKeyId: 'one',
      secretAccessKey: '1',
      sessionToken: null,
    });
    expect(settingsOf(env).region).toBe('eu-central-1');
    const work = { ...env, AWS_PROFILE: 'work' };
    expect(await findCredentials(work, refused)).toEqual({
      accessKeyId: 'two',
      secretAccessKey: '2',
      sessionToken: 't',
    });
    expect(settingsOf(work)).toEqual({ region: 'eu-west-3', endpoint: 'https://minio.example' });
  });

  test("come from the container, then from the instance's role", async () => {
    const none = { AWS_SHARED_CREDENTIALS_FILE: '/none', AWS_CONFIG_FILE: '/none' };
    const answer = JSON.stringify({ AccessKeyId: 'a', SecretAccessKey: 'b', Token: 't' });
    const asked: string[] = [];
    const http: typeof fetch = async (input, init) => {
      const url = String(input);
      asked.push(`${init?.method ?? 'GET'} ${url}`);
      if (url.endsWith('/api/token')) return new Response('token');
      return new Response(url.endsWith('security-credentials/') ? 'role' : answer);
    };
    const expected = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 't' };
    expect(await findCredentials({ ...none, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x' }, http)).toEqual(expected);
    expect(asked).toEqual(['GET http://169.254.170.2/x']);
    expect(await findCredentials(none, http)).toEqual(expected);
    expect(asked.at(-1)).toBe('GET http://169.254.169.254/latest/meta-data/iam/security-credentials/role');
    await expect(findCredentials(none, refused)).rejects.toThrow(/There are no credentials for S3/);
  });
});

test('an address names a bucket, and settings that there are', () => {
  const env = { AWS_REGION: 'eu-west-1' };
  expect(openS3('s3://my-bucket/a/b/', env)).toMatchObject({ prefix: 'a/b/', name: 's3://my-bucket/a/b' });
  expect(openS3('s3://my-bucket?endpoint=http://127.0.0.1:9000', env)).toMatchObject({ prefix: '' });
  expect(() => openS3('s3://My_Bucket/x', env)).toThrow(/names no bucket/);
  expect(() => openS3('s3://my-bucket/x?secret=1', env)).toThrow(/no secret/);
  expect(() => openS3('s3://my-bucket/x?endpoint=nowhere', env)).toThrow(/no address/);
});
