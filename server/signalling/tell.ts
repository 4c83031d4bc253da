import type { PublishView, SessionView, TakeView } from '#protocol/session.ts';
import type { Peer } from './peer.ts';

/** A page makes a request each minute and renews its token then; one that has not for so long is told nothing more. */
export const RENEWAL_GRACE_MS = 120_000;

/**
 * Tells a page that its session has changed. An expired token ends no take, so the page still learns of the end of one,
 * but it gets no address of a video; it is told anew by {@link catchUp}.
 */
export function tellState(peer: Peer, session: SessionView, now: number): void {
  const expiredForMs = now - peer.identity.expiresAt;
  if (expiredForMs >= 0) peer.behind = true;
  if (expiredForMs >= RENEWAL_GRACE_MS) return;
  peer.push('session:state', { session: expiredForMs < 0 ? session : withoutAddresses(session) });
}

/** Tells a page how far its answers are saved. */
export function tellProgress(peer: Peer, publishing: PublishView[], now: number): void {
  if (now - peer.identity.expiresAt < RENEWAL_GRACE_MS) peer.push('publish:progress', { publishing });
}

/** Tells a page that has renewed its token what was kept from it. */
export async function catchUp(
  peer: Peer,
  view: (sessionId: string, accountId: string) => Promise<SessionView>,
): Promise<void> {
  if (!peer.behind || !peer.place) return;
  const session = await view(peer.place.sessionId, peer.identity.accountId);
  peer.behind = false;
  peer.push('session:state', { session });
}

function withoutAddresses(session: SessionView): SessionView {
  const bare = (takes: TakeView[]) => takes.map((take) => ({ ...take, url: null }));
  return {
    ...session,
    questions: session.questions.map((question) => ({ ...question, takes: bare(question.takes) })),
    rehearsal: { ...session.rehearsal, takes: bare(session.rehearsal.takes) },
  };
}
