/** How long an auth key can be used, in seconds: a bring-up that broke off may go on some days later. */
export const keySeconds = 7 * 24 * 3600;

/**
 * Description of a machine's auth key: its generation and name. It changes with the generation, and the provider then
 * makes a new key. Tailscale takes letters, digits, hyphens and blanks, at most 50.
 */
export function keyDescription(machine: string, generation: string): string {
  return `${generation} ${machine}`.slice(0, 50).trimEnd();
}
