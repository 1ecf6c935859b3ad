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

/**
 * A recovery secret as it was meant, however it was typed off the paper: in any case, with blanks, with other dashes or none, and without
 * the D1 that all begin with.
 */
export function readRecoverySecret(typed) {
  const characters = typed.normalize("NFKC").toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  const length = groupLengths.reduce((sum, group) => sum + group, 0);
  const secret = characters.length === length + 2 && characters.startsWith("D1") ? characters.slice(2) : characters;
  // One that was not made here is left to the key that it opens.
  if (secret.length !== length) return typed.replaceAll(/\s/g, "").toUpperCase();
  let start = 0;
  return ["D1", ...groupLengths.map((group) => secret.slice(start, (start += group)))].join("-");
}

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
