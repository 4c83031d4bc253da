import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

const IPV6_GROUPS = 8;
/** One subscriber has a whole network of 64 bits. */
const IPV6_NETWORK_GROUPS = 4;

/** The names that Fastify's `trustProxy` knows, with their subnets. */
const NAMED_SUBNETS: Record<string, readonly string[]> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Who asks, as far as a limit on requests is concerned: an IPv4 address or an IPv6 network of 64 bits. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * @param trustProxy the proxies whose `X-Forwarded-For` is believed, as addresses, subnets or `loopback`, `linklocal`,
 *   `uniquelocal`; false for none
 */
export function createClientAddress(trustProxy: readonly string[] | false): ClientAddress {
  const proxies = new BlockList();
  for (const entry of (trustProxy || []).flatMap((name) => NAMED_SUBNETS[name] ?? [name])) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string) =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (request) => {
    const header = request.headers['x-forwarded-for'];
    const forwarded = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((part) => part.trim());
    // Each proxy appends whom it saw: believe the entries from the right for as long as a proxy of ours wrote them.
    let client = unmapped(request.socket.remoteAddress ?? '');
    while (isProxy(client)) {
      const before = unmapped(forwarded.pop() ?? '');
      if (isIP(before) === 0) break;
      client = before;
    }
    return network(client);
  };
}

/** An IPv4 address that came in over an IPv6 socket, in its own form. */
function unmapped(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function network(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : IPV6_GROUPS - left.length - right.length;
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  return `${groups.slice(0, IPV6_NETWORK_GROUPS).join(':')}::/64`;
}
