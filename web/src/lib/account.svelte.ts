import { goto } from '$app/navigation';
import type { MeView, ProfileInput } from '#protocol/account.ts';
import { api, type Api } from './api.ts';
import { ApiError } from './api-error.ts';
import { auth, type Auth } from './auth.ts';

/** Who is using the page: not known yet, nobody, or a person. */
export type AccountState = { kind: 'unknown' } | { kind: 'nobody' } | { kind: 'person'; me: MeView };

/** The signed-in person, shared by all pages. */
export class Account {
  state: AccountState = $state({ kind: 'unknown' });
  readonly #api: Api;
  readonly #auth: Auth;
  #loading: Promise<AccountState> | null = null;

  constructor(options: { api: Api; auth: Auth }) {
    this.#api = options.api;
    this.#auth = options.auth;
  }

  /** The person, or null while nobody is known. */
  get me(): MeView | null {
    return this.state.kind === 'person' ? this.state.me : null;
  }

  /** Finds out who it is, once; throws ApiError when the server cannot be reached (the next call tries again). */
  async load(): Promise<AccountState> {
    if (this.state.kind !== 'unknown') return this.state;
    this.#loading ??= this.#find().finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** Finds out anew who it is, after a sign-in; throws ApiError when the server cannot be reached. */
  async refresh(): Promise<AccountState> {
    return this.#find();
  }

  /**
   * The gate of every page that needs a person: resolves to them once they are signed in and have a name. Otherwise
   * leaves for signing in or for `/welcome`, both of which come back to `path`, and resolves to null.
   */
  async require(path: string): Promise<MeView | null> {
    const state = await this.load();
    if (state.kind !== 'person') {
      await this.#auth.signIn(path);
      return null;
    }
    if (state.me.name === null) {
      await goto(`/welcome?to=${encodeURIComponent(path)}`, { replace: true });
      return null;
    }
    return state.me;
  }

  /** Stores name and phone. */
  async saveProfile(profile: ProfileInput): Promise<MeView> {
    return this.#set(await this.#api('putMe', { body: profile }));
  }

  /** Makes the person a recruiter with an organisation of that name. */
  async createOrganisation(name: string): Promise<MeView> {
    return this.#set(await this.#api('createOrganisation', { body: { name } }));
  }

  #set(me: MeView): MeView {
    this.state = { kind: 'person', me };
    return me;
  }

  async #find(): Promise<AccountState> {
    if (!(await this.#auth.isSignedIn())) this.state = { kind: 'nobody' };
    else {
      try {
        this.#set(await this.#api('getMe'));
      } catch (error) {
        // The issuer's session ended between the two questions.
        if (!(error instanceof ApiError && error.code === 'unauthenticated')) throw error;
        this.state = { kind: 'nobody' };
      }
    }
    return this.state;
  }
}

export const account = new Account({ api, auth });
