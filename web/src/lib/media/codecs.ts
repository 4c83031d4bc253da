/** As much of a codec as the choice needs. */
export interface Codec {
  kind: string;
  mimeType: string;
  parameters?: Record<string, unknown>;
}

/**
 * The video codec to send: H.264 constrained baseline, which every player shows without transcoding, else any H.264 of
 * packetization mode 1, else VP8. Undefined when none of them is common to browser and server.
 */
export function chooseVideoCodec<C extends Codec>(codecs: readonly C[]): C | undefined {
  const h264 = codecs.filter(
    ({ mimeType, parameters }) =>
      mimeType.toLowerCase() === 'video/h264' && Number(parameters?.['packetization-mode'] ?? 0) === 1,
  );
  const profile = (codec: C) => {
    const level: unknown = codec.parameters?.['profile-level-id'];
    return typeof level === 'string' ? level.toLowerCase() : '';
  };
  return (
    h264.find((codec) => profile(codec).startsWith('42e0')) ??
    h264.find((codec) => profile(codec).startsWith('42')) ??
    h264[0] ??
    codecs.find(({ mimeType }) => mimeType.toLowerCase() === 'video/vp8')
  );
}
