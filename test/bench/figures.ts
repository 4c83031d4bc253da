/** What one take was measured to be. Instants are compared on one machine, so with one clock. */
export interface Measured {
  /** From the end of the countdown, which begins with the tap, to the server's "go". 0: ready in time. */
  tapToReadyMs: number;
  /** From the end of the countdown to the page being told "go", the way to the page included. */
  lateGoMs: number;
  /** From the instant at which the server ends the take to the page knowing an address to replay it from. */
  stopToReplayableMs: number;
  captureBytes: number;
  /** From "go" to the instant that the first picture of the capture shows; below 0 when the file begins before "go". */
  firstFrameAfterGoMs: number;
}

export interface Figure {
  name: string;
  value: number;
  unit: 'ms' | 'bytes';
  /** How many takes it is made of. */
  n: number;
}

/**
 * The value that a share of all values does not exceed (nearest rank).
 * @param share above 0, at most 1
 * @throws Error for an empty list
 */
export function quantile(values: readonly number[], share: number): number {
  const found = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1];
  if (found === undefined) throw new Error('there is nothing to measure');
  return found;
}

/** Median and 95th percentile of everything measured. @throws Error without a take */
export function figuresOf(takes: readonly Measured[]): Figure[] {
  const both = (name: string, unit: Figure['unit'], values: number[]): Figure[] =>
    [
      { name: `${name}_${unit}`, share: 0.5 },
      { name: `${name}_p95_${unit}`, share: 0.95 },
    ].map(({ name: full, share }) => ({
      name: full,
      value: Math.round(quantile(values, share)),
      unit,
      n: values.length,
    }));
  const bytes = takes.map(({ captureBytes }) => captureBytes);
  return [
    ...both(
      'tap_to_ready',
      'ms',
      takes.map(({ tapToReadyMs }) => tapToReadyMs),
    ),
    ...both(
      'late_go',
      'ms',
      takes.map(({ lateGoMs }) => lateGoMs),
    ),
    ...both(
      'stop_to_replayable',
      'ms',
      takes.map(({ stopToReplayableMs }) => stopToReplayableMs),
    ),
    { name: 'capture_bytes_30s', value: quantile(bytes, 0.5), unit: 'bytes', n: bytes.length },
    { name: 'capture_bytes_30s_p95', value: quantile(bytes, 0.95), unit: 'bytes', n: bytes.length },
    ...both(
      'first_frame_after_go',
      'ms',
      takes.map(({ firstFrameAfterGoMs }) => firstFrameAfterGoMs),
    ),
  ];
}
