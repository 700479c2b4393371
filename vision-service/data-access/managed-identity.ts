import { SourceError } from './errors.ts';

const SCOPE = 'https://storage.azure.com/.default';
/** The first version of the storage API that takes bearer tokens is 2017-11-09; this one is in every cloud. */
const STORAGE_VERSION = '2021-12-02';
/** A token is renewed so long before it ends. */
const RENEW_BEFORE_MS = 300_000;

/** What is used of a credential of the Azure SDK. */
export interface TokenCredential {
  getToken(
    scope: string,
    options: { abortSignal?: AbortSignal },
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/** Bearer tokens for Azure Storage from one credential, each kept until five minutes before its end. */
export class StorageTokens {
  readonly #load: () => Promise<TokenCredential>;
  #credential: Promise<TokenCredential> | undefined;
  #current: Promise<{ token: string; expiresOnTimestamp: number }> | undefined;

  /** `load` is called when the first token is asked for. */
  constructor(load: () => Promise<TokenCredential>) {
    this.#load = load;
  }

  /**
   * Headers of a request that is signed with the identity.
   *
   * @throws {SourceError} when there is no identity or it gets no token
   */
  async headers(): Promise<Record<string, string>> {
    const { token } = await this.#valid();
    return { authorization: `Bearer ${token}`, 'x-ms-version': STORAGE_VERSION };
  }

  /** Many images ask at once; all of them wait for one token. */
  async #valid(): Promise<{ token: string; expiresOnTimestamp: number }> {
    const current = await this.#current?.catch(() => undefined);
    if (current !== undefined && current.expiresOnTimestamp - RENEW_BEFORE_MS > Date.now()) return current;
    const fresh = this.#fetch();
    this.#current = fresh;
    return fresh;
  }

  async #fetch(): Promise<{ token: string; expiresOnTimestamp: number }> {
    try {
      this.#credential ??= this.#load();
      const token = await (await this.#credential).getToken(SCOPE, {});
      if (token !== null) return token;
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : 'no reason given';
      throw new SourceError(`the managed identity of this machine gives no token for Azure Storage (${reason})`);
    }
    throw new SourceError('the managed identity of this machine gives no token for Azure Storage');
  }
}

/** Tokens of whatever identity the Azure SDK finds. The SDK is loaded with the first token. */
export const defaultTokens = new StorageTokens(async () => {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential();
});
