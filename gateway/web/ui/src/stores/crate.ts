/** Pictures and sounds on their way to the gateway, in this browser's own database; each goes when its letter went. */

const DATABASE = "gridpatrol";
const STORE = "crate";

// Where a browser has no database (some private windows), for as long as the page lives.
const loose = new Map<string, Blob>();
let opened: Promise<IDBDatabase | null> | null = null;

function openDatabase(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    if (!("indexedDB" in globalThis)) return resolve(null);
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
  });
}

async function use<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  const database = await (opened ??= openDatabase());
  if (!database) return null;
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Keep a file; true when it also survives the page's end. */
export async function put(key: string, file: Blob): Promise<boolean> {
  try {
    if ((await use("readwrite", (store) => store.put(file, key))) !== null) return true;
  } catch (error) {
    // The browser's room is used up: better for this page only than not at all.
    if (!(error instanceof DOMException)) throw error;
  }
  loose.set(key, file);
  return false;
}

export async function take(key: string): Promise<Blob | null> {
  const here = loose.get(key);
  if (here) return here;
  return (await use("readonly", (store) => store.get(key) as IDBRequest<Blob | undefined>)) ?? null;
}

export async function drop(key: string): Promise<void> {
  loose.delete(key);
  await use("readwrite", (store) => store.delete(key));
}
