import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSrtcpProtector } from './srtcp.ts';

/** The key derivation test vectors of RFC 3711, appendix B.3, are for labels 0 to 2; these labels were derived alike. */
const KEY = Buffer.from('e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6', 'hex').toString('base64');

function derive(label: number, bytes: number): Buffer {
  const master = Buffer.from(KEY, 'base64');
  const counter = Buffer.concat([master.subarray(16), Buffer.alloc(2)]);
  counter[7]! ^= label;
  return createCipheriv('aes-128-ctr', master.subarray(0, 16), counter).update(Buffer.alloc(bytes));
}

test('keys are derived as in the test vectors of RFC 3711', () => {
  expect(derive(0, 16).toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
  expect(derive(2, 14).toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
  expect(derive(1, 20).toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
});

test('a packet is encrypted behind its head, counted and signed', () => {
  const protect = createSrtcpProtector(KEY);
  const packet = Buffer.from('80c8000600001001aaaaaaaabbbbbbbbcccccccc0000000000000000', 'hex');
  const [first, second] = [protect(packet), protect(packet)];
  for (const [position, sent] of [first, second].entries()) {
    expect(sent.subarray(0, 8)).toEqual(packet.subarray(0, 8));
    const [signed, tag] = [sent.subarray(0, -10), sent.subarray(-10)];
    expect(createHmac('sha1', derive(4, 20)).update(signed).digest().subarray(0, 10)).toEqual(tag);
    expect(signed.readUInt32BE(signed.length - 4)).toBe(2 ** 31 + position + 1);
    const counter = Buffer.concat([derive(5, 14), Buffer.alloc(2)]);
    counter.writeUInt32BE((counter.readUInt32BE(4) ^ 0x1001) >>> 0, 4);
    counter[13]! ^= position + 1;
    const plain = createDecipheriv('aes-128-ctr', derive(3, 16), counter).update(signed.subarray(8, -4));
    expect(plain).toEqual(packet.subarray(8));
  }
  expect(first.equals(second)).toBe(false);
});

test('a key of another length is refused', () => {
  expect(() => createSrtcpProtector('AAAA')).toThrow('30 bytes');
});
