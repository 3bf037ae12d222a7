/**
 * Why a secret cannot be read and what to do, for people. Neither the text nor a cause holds a secret: what a library
 * threw is never attached, for it carries request headers.
 */
export class SecretProblem extends Error {}

/** The vault is none of those that the token may read: others may, and nothing is known of its items. */
export class Unseen extends SecretProblem {}

/** The token may read the vault and not write to it. */
export class ReadsOnly extends SecretProblem {}
