import { createCipheriv, createHmac } from 'node:crypto';

/** What a stream's packets are protected with between SFU and recorder (RFC 4568, section 6.2.1). */
export const SRTP_SUITE = 'AES_CM_128_HMAC_SHA1_80';
/** Master key and master salt together. */
export const SRTP_KEY_BYTES = 30;

const MASTER_KEY_BYTES = 16;
const SALT_BYTES = 14;
const TAG_BYTES = 10;
/** The first eight bytes of an RTCP packet stay readable. */
const CLEAR_BYTES = 8;
const ENCRYPTED_FLAG = 2 ** 31;
/** Which of the session keys is derived (RFC 3711, section 4.3.2). */
const LABELS = { encryption: 3, authentication: 4, salt: 5 } as const;

/** Protects the RTCP packets of one stream. Each is counted: the same packet is never the same twice. */
export type SrtcpProtector = (packet: Buffer) => Buffer;

/**
 * @param keyBase64 master key and salt, as `a=crypto` and mediasoup have it
 * @throws Error for a key of another length
 */
export function createSrtcpProtector(keyBase64: string): SrtcpProtector {
  const master = Buffer.from(keyBase64, 'base64');
  if (master.length !== SRTP_KEY_BYTES) throw new Error('an SRTP key has 30 bytes');
  const derive = (label: number, bytes: number) => deriveKey(master, label, bytes);
  const encryptionKey = derive(LABELS.encryption, MASTER_KEY_BYTES);
  const authenticationKey = derive(LABELS.authentication, 20);
  const salt = derive(LABELS.salt, SALT_BYTES);
  let index = 0;
  return (packet) => {
    index += 1;
    // Section 4.1.1: salt, SSRC and index, each at its place of the 128-bit counter.
    const counter = Buffer.alloc(16);
    salt.copy(counter);
    xorUint32(counter, 4, packet.readUInt32BE(4));
    xorUint32(counter, 10, index);
    const cipher = createCipheriv('aes-128-ctr', encryptionKey, counter);
    const trailer = Buffer.alloc(4);
    trailer.writeUInt32BE(ENCRYPTED_FLAG + index);
    const protectedPart = Buffer.concat([
      packet.subarray(0, CLEAR_BYTES),
      cipher.update(packet.subarray(CLEAR_BYTES)),
      trailer,
    ]);
    const tag = createHmac('sha1', authenticationKey).update(protectedPart).digest().subarray(0, TAG_BYTES);
    return Buffer.concat([protectedPart, tag]);
  };
}

/** Section 4.3.1, with a key derivation rate of 0: AES in counter mode over nothing, from the salt and the label. */
function deriveKey(master: Buffer, label: number, bytes: number): Buffer {
  const counter = Buffer.alloc(16);
  master.copy(counter, 0, MASTER_KEY_BYTES, SRTP_KEY_BYTES);
  counter.writeUInt8(counter.readUInt8(7) ^ label, 7);
  return createCipheriv('aes-128-ctr', master.subarray(0, MASTER_KEY_BYTES), counter).update(Buffer.alloc(bytes));
}

function xorUint32(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32BE((buffer.readUInt32BE(at) ^ value) >>> 0, at);
}
