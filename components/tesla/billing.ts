/** What Tesla bills (https://developer.tesla.com, "Usage Based Pricing"): signals that vehicles have sent, each month anew. */

/** Signals for a dollar. */
export const signalsPerDollar = 150_000;

/** Dollars a month that nobody pays. */
const discountDollars = 10;

/** Signals a day that the discount is enough for. */
export const freePerDay = (signalsPerDollar * discountDollars) / 30;
