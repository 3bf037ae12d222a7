/** Who may pass: people by address, programs by service token. */
export interface AccessPlan {
  readonly emails: readonly string[];
  readonly emailDomains: readonly string[];
  /** Names of service tokens that the site makes. */
  readonly serviceTokens: readonly string[];
  /** How long an identity is valid, in minutes or hours: `24h`. */
  readonly sessionDuration: string;
}

/** A selector of an Access policy, as the provider takes it. */
export type AccessSelector =
  | { readonly email: { readonly email: string } }
  | { readonly emailDomain: { readonly domain: string } };

/**
 * Selectors of the people that a plan lets in. Addresses are in lower case, as Cloudflare keeps them: another spelling
 * would show as a change after every refresh. Sorted, each once.
 */
export function peopleSelectors({ emails, emailDomains }: AccessPlan): AccessSelector[] {
  return [
    ...distinct(emails).map((email) => ({ email: { email } })),
    ...distinct(emailDomains).map((domain) => ({ emailDomain: { domain } })),
  ];
}

/** Service tokens that any of the plans names, sorted, each once. */
export function serviceTokenNames(plans: Readonly<Record<string, AccessPlan>>): string[] {
  return distinct(Object.values(plans).flatMap(({ serviceTokens }) => serviceTokens));
}

/** The shortest of several session durations, in the form it was written. Throws without any. */
export function shortestSession(durations: readonly string[]): string {
  const [first, ...rest] = durations;
  if (first === undefined) throw new Error("an Access application without a policy has no session");
  return rest.reduce((best, next) => (minutes(next) < minutes(best) ? next : best), first);
}

function minutes(duration: string): number {
  const [, count, unit] = /^(\d+)(m|h)$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`${duration} is no session duration; use 30m or 24h`);
  return Number(count) * (unit === "h" ? 60 : 1);
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values.map((value) => value.toLowerCase()))].sort();
}
