// The recovery secret: made here, shown once, and known to nobody but the person who stores it.

// 32 letters and digits; I, O, 0 and 1 are left out because they are misread on paper.
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const groupLengths = [6, 5, 5, 5, 5, 6];

/** D1-XXXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX: 32 characters of 5 bits, 160 bits in all. */
export function createRecoverySecret() {
  const groups = groupLengths.map((length) => {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    // 256 is a multiple of 32, so the remainder favours no character.
    return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
  });
  return ["D1", ...groups].join("-");
}

/** A recovery secret as it was meant, however it was typed off the paper. */
export const readRecoverySecret = (typed) => typed.replaceAll(/\s/g, "").toUpperCase();

/** All that a recovery asks for, in a form to keep: the secret alone does not say whose it is. */
export const recoverySheet = ({ username, orgId, credId, secret }) =>
  [
    "Recovery key",
    "",
    `Username:        ${username}`,
    `Organisation:    ${orgId}`,
    `Credential id:   ${credId}`,
    `Recovery key:    ${secret}`,
    "",
    "Whoever holds this key can take over the account. Keep it offline, and apart from your devices.",
    "",
  ].join("\n");
