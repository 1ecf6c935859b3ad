// The official SDK's client for a program that signs its calls with a key.

import { DfnsApiClient } from "@dfns/sdk";
import { AsymmetricKeySigner } from "@dfns/sdk-keysigner";

/**
 * @param service { baseUrl, orgId } of the service and the organisation.
 * @param account { token, credId } of whoever calls.
 * @param privateKey as PEM.
 */
export const keyClient = ({ baseUrl, orgId }, { token, credId }, privateKey) =>
  new DfnsApiClient({ baseUrl, orgId, authToken: token, signer: new AsymmetricKeySigner({ credId, privateKey }) });
