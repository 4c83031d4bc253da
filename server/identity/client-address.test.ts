import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createClientAddress } from './client-address.ts';

function from(remoteAddress: string, forwardedFor?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } } as unknown as IncomingMessage;
}

describe('client address', () => {
  it('believes nobody by default', () => {
    const clientAddress = createClientAddress(false);
    expect(clientAddress(from('203.0.113.9', '198.51.100.1'))).toBe('203.0.113.9');
    expect(clientAddress(from('::ffff:203.0.113.9'))).toBe('203.0.113.9');
  });

  it('believes what trusted proxies appended, and nothing before that', () => {
    const clientAddress = createClientAddress(['loopback', '10.1.0.0/16']);
    expect(clientAddress(from('127.0.0.1', '1.1.1.1, 198.51.100.1, 10.1.2.3'))).toBe('198.51.100.1');
    expect(clientAddress(from('::1', '198.51.100.7'))).toBe('198.51.100.7');
    expect(clientAddress(from('203.0.113.9', '198.51.100.1'))).toBe('203.0.113.9');
  });

  it('stays with the proxy when the header is missing or nonsense', () => {
    const clientAddress = createClientAddress(['loopback']);
    expect(clientAddress(from('127.0.0.1'))).toBe('127.0.0.1');
    expect(clientAddress(from('127.0.0.1', 'unknown'))).toBe('127.0.0.1');
  });

  it('takes an IPv6 network as one client', () => {
    const clientAddress = createClientAddress(false);
    expect(clientAddress(from('2001:db8:1:2:3:4:5:6'))).toBe(clientAddress(from('2001:db8:1:2::9')));
    expect(clientAddress(from('2001:db8::1'))).toBe('2001:db8:0:0::/64');
  });
});
