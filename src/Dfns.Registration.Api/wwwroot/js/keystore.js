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

async function change(operation) {
  const database = await open();
  try {
    await new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, "readwrite", { durability: "strict" });
      // The transaction's end, not the request's: only then is the key safely stored.
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      operation(transaction.objectStore(storeName));
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
