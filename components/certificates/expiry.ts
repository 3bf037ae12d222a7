/** What is watched of certificates: the numbers that doctor and alert rules share. */

/**
 * cert-manager renews after two thirds: with Let's Encrypt's 90 days, 30 before the end. What is left below these days was
 * not renewed, and somebody has to look.
 */
export const expiryDays = { warning: 21, critical: 7 } as const;
