/** What a container's parser found in a whole piece of a capture. */
export interface Fragment {
  kind: 'video' | 'audio';
  packets: number;
  /** On the file's timeline, in fractional milliseconds. */
  startMs: number;
  endMs: number;
  /** Whether its first packet is a key frame; sound is always. */
  beginsWithKeyFrame: boolean;
}

/** Reads a capture piece by piece, in order. */
export interface FragmentParser {
  /**
   * Takes in what begins at the buffer's start, as far as it is there as a whole.
   * @returns how many bytes of the file were taken in or may be passed over, which may be more than the buffer has
   */
  take(buffer: Buffer): { bytes: number; fragments: Fragment[] };
  /** Of the first picture, in pixels; null before it is known. */
  readonly size: { width: number; height: number } | null;
}
