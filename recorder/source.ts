/** One RTP stream as ffmpeg must be told of it. */
export interface RtpStream {
  kind: 'video' | 'audio';
  codec: 'h264' | 'vp8' | 'opus';
  payloadType: number;
  clockRate: number;
  /** For audio. */
  channels?: number;
  /** Parameters for the `a=fmtp` line, such as `packetization-mode=1`; empty when there are none. */
  fmtp: string;
  ssrc: number;
  /**
   * What its packets are protected with, by SRTP of `SRTP_SUITE`: master key and salt in base64. Without it any
   * program on the machine could write into the recording.
   */
  srtpKey?: string;
}

/** Which instant of the sender's wall clock an RTP timestamp stands for (RFC 3550, section 6.4.1). */
export interface SenderReport {
  ssrc: number;
  ntpSeconds: number;
  ntpFraction: number;
  rtpTimestamp: number;
}

/** The RTP and RTCP ports on 127.0.0.1 that a stream is sent to. */
export interface PortPair {
  rtp: number;
  rtcp: number;
}

/**
 * Where a capture's packets come from. The SFU implements it; the recorder drives it and knows nothing of WebRTC.
 * No packet flows before {@link resume}.
 */
export interface RtpSource {
  readonly video: RtpStream;
  readonly audio: RtpStream | null;
  /** Points the streams at the recorder's ports. */
  connect(ports: { video: PortPair; audio: PortPair | null }): Promise<void>;
  resume(): Promise<void>;
  /** Asks the sender for a key frame. */
  requestKeyFrame(): Promise<void>;
  /** After this resolves no further packet is sent; every earlier one has been. */
  pause(): Promise<void>;
  /**
   * When the streams' packets play, at most one report a stream: the newest ones of the sender, or the source's own,
   * by the packets' arrival, before the sender has reported on every stream.
   */
  senderReports(): SenderReport[];
  /** Calls `run` once when the sender's media is gone for good. */
  onLost(run: (reason: string) => void): void;
  close(): void;
}
