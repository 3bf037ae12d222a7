/** Takes secrets out of a text that others will read. */

/** Forms that only secrets have, whoever they belong to. */
const forms: readonly RegExp[] = [
  /tskey-[a-z]+-[A-Za-z0-9]+-?[A-Za-z0-9]*/g,
  /(?<=![\w.-]+=)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*/g,
  // A tunnel's token is JSON in base64, without a dot.
  /\beyJ[A-Za-z0-9+/_-]{60,}={0,2}/g,
  /(?<=\b(?:Bearer|Basic) )[A-Za-z0-9._~+/=-]{12,}/g,
];

/** Names of variables whose values are secrets. */
const secretName = /(TOKEN|SECRET|PASSPHRASE|PASSWORD|PRIVATE_KEY|API_KEY|ACCESS_KEY|BACKEND_URL)$/;

/** Values of the environment's secret variables, as `secretLines` gives them. */
export function secretValues(environment: NodeJS.ProcessEnv): readonly string[] {
  return secretLines(
    Object.entries(environment)
      .filter(([name]) => secretName.test(name))
      .map(([, value = ""]) => value),
  );
}

/** What of secret values can be looked for in a text: each whole, and each line of those that have several; long ones first. */
export function secretLines(values: readonly string[]): readonly string[] {
  return (
    values
      .flatMap((value) => [value, ...value.split("\n")])
      .map((value) => value.trim())
      // Shorter ones would mask ordinary words.
      .filter((value) => value.length >= 8)
      .sort((a, b) => b.length - a.length)
  );
}

/** The text with every known value, and everything that has a secret's form, replaced by `[secret]`. */
export function maskSecrets(text: string, values: readonly string[]): string {
  const known = values.reduce((masked, value) => masked.replaceAll(value, "[secret]"), text);
  return forms.reduce((masked, form) => masked.replaceAll(form, "[secret]"), known);
}
