import type { ErrorCode } from '../errors.ts';
import type { Pushes, RequestName } from '../events.ts';

/** One sentence for each request: the types make sure that none is forgotten. */
export const REQUEST_MEANINGS: Record<RequestName, string> = {
  'auth:renew': 'Replaces the access token of this connection by a newer one of the same account.',
  'clock:sync': 'Answers `{ now }`, from which the page reckons the difference to its own clock.',
  'session:join':
    'Enters a session of one’s own; a newer page takes over. Answers `{ session, rtpCapabilities, iceServers }`.',
  'transport:create':
    'Makes the media connection, in place of an older one. Answers `{ id, iceParameters, iceCandidates, dtlsParameters }`.',
  'transport:connect': 'Sends the page’s side of it.',
  'transport:restart-ice': 'Answers new `{ iceParameters }` for the same connection after a change of network.',
  'producer:create': 'Sends a track, in place of an older one of its kind. Answers `{ id }`.',
  'producer:close': 'Ends a track.',
  'check:pass': 'Camera and microphone have been seen and heard.',
  'rehearsal:arm': 'Begins a rehearsal, after the countdown. Earlier ones are deleted.',
  'rehearsal:stop': 'Ends the running rehearsal.',
  'rehearsal:delete': 'Deletes the rehearsals; `interview:start` does so too.',
  'interview:start': 'Starts the interview’s clock and opens the first question.',
  'question:open': 'Shows a question: one for the first time, or an earlier one again.',
  'question:ready': 'Ends thinking time early.',
  'question:skip': 'Skips an opened question; its pick, if any, is dropped.',
  'take:arm': 'The tap on "Start recording": the recorder gets ready while the countdown runs.',
  'take:stop': 'Ends a take.',
  'take:pick': 'Chooses the take that counts, changeable until the submit.',
  'session:submit': 'Submits; the picks are saved and all other takes deleted.',
};

/** One sentence for each push. */
export const PUSH_MEANINGS: { [N in keyof Pushes]: string } = {
  'session:state': '`{ session: SessionView }`, whole, after each change. One with a lower `version` is old.',
  'publish:progress': '`{ publishing: PublishView[] }`: finer steps of the saving.',
  'session:taken-over': 'Another page of the same candidate has taken over.',
  'media:lost': '`{ reason }`: the media connection is gone on the server’s side; make a new one.',
  'server:stopping': 'The server is about to stop; a running take may be finished.',
};

/** One sentence for each error code. */
export const ERROR_MEANINGS: Record<ErrorCode, string> = {
  bad_request: 'The request does not fit its schema; `field` names the place.',
  too_large: 'The body is too long.',
  unknown_event: 'There is no request of this name.',
  rate_limited: 'Too many requests, or too many codes were asked for.',
  unauthenticated: 'No access token, or one that is not valid here.',
  token_expired: 'The access token has expired; bring a new one.',
  forbidden: 'This is not allowed to the caller, or a video address is wrong or too old.',
  not_found: 'It does not exist, or it belongs to somebody else.',
  email_unverified: 'The issuer does not vouch for the e-mail address.',
  profile_needed: 'The person has not said their name yet.',
  not_recruiter: 'The caller is in no organisation.',
  not_allowed: 'This address is not among those who may take the interview.',
  not_open_yet: 'The interview opens later.',
  closed: 'The interview has closed.',
  attempts_used: 'All attempts have been used.',
  wrong_state: 'It cannot be done now, whoever asks.',
  version_conflict: 'Somebody else has changed it meanwhile; read it again.',
  already_started: 'The interview has started already.',
  frozen: 'Questions and timing are fixed once somebody has started.',
  deadline_passed: 'The interview has ended.',
  no_takes_left: 'All takes of the question have been used.',
  too_many_tries: 'A recording or a rehearsal was begun too often, failed and cancelled ones included.',
  take_in_progress: 'A take is being recorded.',
  take_not_playable: 'A take of which nothing can be played cannot be picked.',
  unknown_take: 'The session has no such take.',
  unknown_question: 'The interview has no such question.',
  consent_needed: 'The candidate has not agreed yet.',
  consent_outdated: 'The text that was agreed to is not the present one.',
  not_joined: 'The page has not joined a session, or another page has taken over.',
  media_missing: 'There is no live camera.',
  media_unsupported: 'The codec, or the recording, cannot be used.',
  recorder_failed: 'The recorder failed; it costs no take.',
  busy: 'Too many takes are being recorded.',
  disk_full: 'The disk has too little room for another take.',
  shutting_down: 'The server is being restarted.',
  unavailable: 'A part that is needed, such as the storage or the issuer, cannot be reached.',
  internal: 'A fault of the server; `id` finds it in the log.',
};
