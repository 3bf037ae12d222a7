/**
 * What Let's Encrypt issues at most, as data; staging has limits of its own, far wider.
 * @see https://letsencrypt.org/docs/rate-limits/
 */
export const letsEncryptLimits = {
  /** Certificates for the very same names, in the days of `window`. */
  duplicates: 5,
  /** Certificates below one registered domain. */
  domain: 50,
  /** Days after which an order no longer counts. */
  window: 7,
  /** Failed validations of one name an hour. */
  failures: 5,
} as const;

/** What people are told before Let's Encrypt is asked. */
export function orderNotice(names: readonly string[], why: string): string {
  const { duplicates, domain, window } = letsEncryptLimits;
  return (
    `Let's Encrypt is asked for ${names.join(", ")}: ${why}. It issues ${duplicates} certificates for the same names ` +
    `and ${domain} a domain in ${window} days`
  );
}
