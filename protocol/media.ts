import * as z from 'zod';

/**
 * The WebRTC parameters that cross the wire, parsed strictly enough that nothing absurd reaches the SFU (sizes, counts,
 * types) and loosely enough that mediasoup, which checks the meaning, stays the judge of it. The shapes are mediasoup's.
 */
const name = z.string().max(256);
const small = z.number().int().min(0).max(0xffff_ffff);

export const mediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.infer<typeof mediaKind>;

export const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().regex(/^[0-9A-Fa-f:]{20,200}$/, 'must be a certificate fingerprint'),
      }),
    )
    .min(1)
    .max(10),
});
export type DtlsParameters = z.infer<typeof dtlsParameters>;

const rtcpFeedback = z.object({ type: name, parameter: name.optional() });
/** Format parameters become a line of SDP (RFC 8866, section 6.15), which nothing in them may end or begin anew. */
const parameterName = z.string().regex(/^[\w-]{1,64}$/, 'must be the name of a format parameter');
const parameterValue = z.string().regex(/^[\w+/=,.:-]{0,1024}$/, 'must be the value of a format parameter');
const codecParameters = z.record(parameterName, z.union([parameterValue, z.number(), z.null()]));

export const rtpParameters = z.object({
  mid: z.string().max(32).optional(),
  msid: name.optional(),
  codecs: z
    .array(
      z.object({
        mimeType: z.string().max(64),
        payloadType: z.number().int().min(0).max(127),
        clockRate: small,
        channels: z.number().int().min(1).max(8).optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: z.array(rtcpFeedback).max(32).optional(),
      }),
    )
    .min(1)
    .max(16),
  headerExtensions: z
    .array(
      z.object({
        uri: name,
        id: z.number().int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: codecParameters.optional(),
      }),
    )
    .max(32)
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc: small.optional(),
        rid: z.string().max(32).optional(),
        codecPayloadType: z.number().int().min(0).max(127).optional(),
        rtx: z.object({ ssrc: small }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z.string().max(16).optional(),
        scaleResolutionDownBy: z.number().min(1).max(64).optional(),
        maxBitrate: small.optional(),
        maxFramerate: z.number().min(0).max(240).optional(),
        priority: name.optional(),
        networkPriority: name.optional(),
        active: z.boolean().optional(),
      }),
    )
    .max(1, 'must be a single encoding: simulcast is not recorded')
    .optional(),
  rtcp: z
    .object({ cname: name.optional(), reducedSize: z.boolean().optional(), mux: z.boolean().optional() })
    .optional(),
});
export type RtpParameters = z.infer<typeof rtpParameters>;

/** What the router can receive; produced by the server only, so it is a type and no schema. */
export interface RtpCapabilities {
  codecs?: object[];
  headerExtensions?: object[];
}
export interface IceParameters {
  usernameFragment: string;
  password: string;
  iceLite?: boolean;
}
export interface IceCandidate {
  foundation: string;
  priority: number;
  address: string;
  ip: string;
  protocol: 'udp' | 'tcp';
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  tcpType?: 'active' | 'passive' | 'so';
}
