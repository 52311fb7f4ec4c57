/** The first 48 bits of every address of the mesh: fd7a:115c:a1e0::/48. */
const servicePrefix = 'fd7a:115c:a1e0';

/** The first address of the mesh. */
export const meshPrefix = `${servicePrefix}::`;

/** How many bits of an address all of the mesh have in common: what is routed into the WireGuard interface. */
export const meshPrefixLength = 48;

/**
 * The address that belongs to a peer: the last 80 bits of its UUID below `fd7a:115c:a1e0::/48`, in canonical text. So
 * nobody hands addresses out, and whoever knows a peer knows which packets may come from it.
 */
export const meshAddress = (id: string): string => {
  const groups = id.replaceAll('-', '').slice(12).match(/.{4}/g) ?? [];
  return new URL(`http://[${[servicePrefix, ...groups].join(':')}]`).hostname.slice(1, -1);
};
