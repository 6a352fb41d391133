/** What S3 answered, or that it did not. */
export class S3Error extends Error {
  /** 0 when there was no answer. */
  readonly status: number;
  /** S3's own word, such as NoSuchKey; what the network said, when there was no answer. */
  readonly code: string;
  constructor(status: number, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'S3Error';
    this.status = status;
    this.code = code;
  }

  /** The condition of a write, or of a read that goes on, does not hold. */
  get isConflict(): boolean {
    return this.status === 412 || this.code === 'ConditionalRequestConflict' || this.code === 'PreconditionFailed';
  }

  /** There is no such object. */
  get isAbsent(): boolean {
    return this.status === 404 && (this.code === 'NoSuchKey' || this.code === 'HTTP 404');
  }

  /** Not there at all, or too busy for longer than was waited. */
  get isDown(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** Worth another attempt: no answer, an error of the server, too much at once, or a body that was changed on its way. */
export function isPassing({ status, code, isConflict }: S3Error): boolean {
  if (isConflict && code !== 'ConditionalRequestConflict') return false;
  return (
    status === 0 ||
    status >= 500 ||
    status === 429 ||
    code === 'ConditionalRequestConflict' ||
    [
      'RequestTimeout',
      'XAmzContentSHA256Mismatch',
      'BadDigest',
      'IncompleteBody',
      'InternalError',
      'SlowDown',
    ].includes(code)
  );
}

/** Credentials that were right once: to be looked for again. */
export function isExpired({ code }: S3Error): boolean {
  return ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired'].includes(code);
}

/** In words for people, with what to do. */
export function s3ErrorOf(status: number, body: string, what: string, bucket: string, endpoint: string): S3Error {
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? `HTTP ${status}`;
  const said = /<Message>([^<]*)<\/Message>/.exec(body)?.[1] ?? '';
  const unknownKey = `${endpoint} does not know the access key of the credentials`;
  const words: Readonly<Record<string, string>> = {
    NoSuchBucket: `there is no bucket ${bucket} at ${endpoint}: make it, or correct the name`,
    AccessDenied: `the credentials may not do this on the bucket ${bucket}`,
    InvalidAccessKeyId: unknownKey,
    // What versitygw answers in its place.
    XAdminUserNotFound: unknownKey,
    SignatureDoesNotMatch: `${endpoint} finds the signature wrong: the secret key or the region is not right`,
    RequestTimeTooSkewed: 'the clock of this machine is wrong by more than 15 minutes',
    AuthorizationHeaderMalformed: `the region is not the bucket's: ${said}`,
    ExpiredToken: 'the temporary credentials have expired',
  };
  return new S3Error(status, code, `S3: ${what}: ${words[code] ?? `${code}${said === '' ? '' : ` (${said})`}`}`);
}
