import { SourceError } from './errors.ts';

const SCOPE = 'https://storage.azure.com/.default';
/** The first version of the storage API that takes bearer tokens is 2017-11-09; this one is in every cloud. */
const STORAGE_VERSION = '2021-12-02';
/** A token is renewed so long before it ends. */
const RENEW_BEFORE_MS = 300_000;

interface BearerToken {
  token: string;
  /** Milliseconds since 1970. */
  expiresOnTimestamp: number;
}

/** What is used of a credential of the Azure SDK. */
export interface TokenCredential {
  getToken(scope: string): Promise<BearerToken | null>;
}

/** Bearer tokens for Azure Storage from one credential, each kept until five minutes before its end. */
export class StorageTokens {
  readonly #load: () => Promise<TokenCredential>;
  #credential: Promise<TokenCredential> | undefined;
  #current: BearerToken | undefined;
  #renewal: Promise<BearerToken> | undefined;

  /** `load` is called when the first token is asked for. */
  constructor(load: () => Promise<TokenCredential>) {
    this.#load = load;
  }

  /**
   * Headers of a request that is signed with the identity. Many images may ask at once; all of them wait for one token.
   *
   * @throws {SourceError} when there is no identity or it gets no token
   */
  async headers(): Promise<Record<string, string>> {
    let current = this.#current;
    if (current === undefined || current.expiresOnTimestamp - RENEW_BEFORE_MS <= Date.now()) {
      this.#renewal ??= this.#renew().finally(() => {
        this.#renewal = undefined;
      });
      current = await this.#renewal;
    }
    return { authorization: `Bearer ${current.token}`, 'x-ms-version': STORAGE_VERSION };
  }

  async #renew(): Promise<BearerToken> {
    const token = await this.#fetch().catch((error: unknown) => {
      const reason = error instanceof Error ? ` (${error.name}: ${error.message.split('\n')[0]})` : '';
      throw new SourceError(`the managed identity of this machine gives no token for Azure Storage${reason}`);
    });
    if (token === null) throw new SourceError('the managed identity of this machine gives no token for Azure Storage');
    this.#current = token;
    return token;
  }

  async #fetch(): Promise<BearerToken | null> {
    this.#credential ??= this.#load();
    return (await this.#credential).getToken(SCOPE);
  }
}

/** Tokens of whatever identity the Azure SDK finds. The SDK is loaded with the first token. */
export const defaultTokens = new StorageTokens(async () => {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
});
