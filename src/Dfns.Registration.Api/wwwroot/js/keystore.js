// Where this browser keeps the private keys of Key credentials: IndexedDB holds a key object without ever seeing its bytes.

import { DeviceFailure } from "./failures.js";

const databaseName = "dfns-registration";
const storeName = "keys";

/** @param entry {credId, userId, username, orgId, privateKey}; credId finds the key again at sign-in. */
export async function keepKey(entry) {
  try {
    await change((store) => store.put(entry));
  } catch (cause) {
    throw new DeviceFailure(
      "This browser does not let the page store a key, so you could not sign in with it later.",
      "Leave private browsing or allow site data, then try again. Or register with a passkey.",
      cause,
    );
  }
}

export const dropKey = (credId) => change((store) => store.delete(credId));

/** @returns the kept entry of one of these credential ids, the first that this browser has; undefined for none. */
export async function findKey(credIds) {
  for (const credId of credIds) {
    const entry = await transact("readonly", (store) => store.get(credId));
    if (entry) return entry;
  }
  return undefined;
}

const change = (operation) => transact("readwrite", operation);

/** @returns what the operation's request came to. */
async function transact(mode, operation) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode, { durability: "strict" });
      const request = operation(transaction.objectStore(storeName));
      // The transaction's end, not the request's: only then is the key safely stored.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName, { keyPath: "credId" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
