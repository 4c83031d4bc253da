import type { Replies, RequestBody, RequestName } from '#protocol/events.ts';
import type { Peer } from './peer.ts';

/** Carries out one kind of request, whose body has been parsed; throws AppError to refuse it. */
export type Handler<N extends RequestName> = (peer: Peer, body: RequestBody<N>) => Promise<Replies[N]>;

/** One handler for each of some requests. */
export type Handlers<N extends RequestName> = { readonly [K in N]: Handler<K> };

/** What a page may ask before it has joined a session. */
export type EntryName = 'auth:renew' | 'clock:sync' | 'session:join';
/** What concerns the live media. */
export type MediaName = Extract<RequestName, `transport:${string}` | `producer:${string}`>;
/** All else: what the rules decide. */
export type CommandName = Exclude<RequestName, EntryName | MediaName>;
