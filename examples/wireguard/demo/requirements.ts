import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The programs that are needed, and the packages of Debian that have them. */
const programs = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  wg: 'wireguard-tools',
  'wireguard-go': 'wireguard-go',
} as const;

/** What this machine has. */
export interface Machine {
  readonly platform: string;
  readonly isRoot: boolean;
  /** Whether tunnel devices can be made. */
  readonly hasTunnels: boolean;
  readonly hasIpv6: boolean;
  /** Whether there is a program of this name. */
  readonly hasProgram: (name: string) => boolean;
  /** Whether network namespaces can be made; asked last. */
  readonly canMakeNamespaces: () => boolean;
}

/** Why the demo cannot run on a machine, and what to do about it, in one line; undefined if it can. */
export const missingRequirements = ({
  platform,
  isRoot,
  hasTunnels,
  hasIpv6,
  hasProgram,
  canMakeNamespaces,
}: Machine): string | undefined => {
  if (platform !== 'linux') return 'it needs the network namespaces of Linux';
  const absent = Object.entries(programs).filter(([program]) => !hasProgram(program));
  const needs = [
    ...(isRoot ? [] : ['root, to make network namespaces']),
    ...(hasTunnels ? [] : ['/dev/net/tun (modprobe tun; in a container, --device /dev/net/tun --cap-add NET_ADMIN)']),
    ...(hasIpv6 ? [] : ['IPv6']),
    ...absent.map(([program]) => program),
  ];
  if (needs.length === 0) {
    return canMakeNamespaces() ? undefined : 'it needs to make network namespaces (in a container, --privileged)';
  }
  const packages = absent.map(([, name]) => name).join(' ');
  const hint = absent.length === 0 ? '' : `; on Debian, apt-get install ${packages}`;
  return `it needs ${needs.join(', ')}${hint}`;
};

/** This machine. */
export const thisMachine = (): Machine => ({
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  hasTunnels: canOpen('/dev/net/tun'),
  hasIpv6: existsSync('/proc/net/if_inet6'),
  hasProgram: (name) =>
    (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name))),
  canMakeNamespaces,
});

const canOpen = (path: string): boolean => {
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch {
    // Whatever the reason is, there is no way to make a tunnel.
    return false;
  }
};

const canMakeNamespaces = (): boolean => {
  const name = `tailnet-demo-${process.pid}-probe`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
    return true;
  } catch {
    // The kernel, or whoever made the container, does not allow it.
    return false;
  }
};
