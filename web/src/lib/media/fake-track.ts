/** As much of a track as the page uses, for tests. */
export class FakeTrack extends EventTarget {
  readonly kind: 'video' | 'audio';
  readyState: 'live' | 'ended' = 'live';
  muted = false;
  enabled = true;

  constructor(kind: 'video' | 'audio') {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  getSettings(): MediaTrackSettings {
    return {};
  }
}
