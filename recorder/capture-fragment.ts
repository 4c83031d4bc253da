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

/** A box or an element of the file. */
export interface Piece {
  bytes: number;
  fragments: Fragment[];
}

/** Reads a capture piece by piece, in order. */
export interface FragmentParser {
  /**
   * Takes in the piece that begins at a place of the buffer; null while too little of it is there.
   * @returns how long the piece is, which may be more than the buffer has of it
   */
  takePiece(buffer: Buffer, at: number): Piece | null;
  /** Of the first picture, in pixels; null before it is known. */
  readonly size: { width: number; height: number } | null;
}
