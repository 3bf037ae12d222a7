/** The key pair by which vehicles know the application: EC on prime256v1 (https://developer.tesla.com/docs/fleet-api/getting-started/what-is-fleet-api). */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/**
 * The public half of a private key, in PEM form as `openssl ec -pubout` writes it. Undefined where the text is no private key
 * on that curve. Nothing of the text is told.
 */
export function publicKeyOf(privateKey: string): string | undefined {
  const key = read(privateKey);
  if (key?.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    return undefined;
  return createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
}

function read(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    // What is no key at all is told of like one of another kind: by the caller, who knows where it stands.
    return undefined;
  }
}
