using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dfns.Registration.Verification;
using Dfns.Registration.Verification.Trust;
using Fido2NetLib;
using Fido2NetLib.Objects;

namespace Dfns.Registration.SecondOpinion.Tests;

/// <summary>Fido2 4.3.2, asked what our verifier is asked: the same challenge, RP ID, origins, algorithms, flags, roots and models.</summary>
internal static class Fido2Peer
{
    /// <summary>Reads a registration as the peer's own controllers would, and makes the call that verifies it.</summary>
    /// <param name="credential">A registration of a passkey.</param>
    /// <param name="expected">What our verifier expects of it. <see cref="RegistrationExpectation.Now"/> is left out: the peer reads the machine's clock.</param>
    /// <param name="revoked">The models that metadata reports as revoked.</param>
    /// <returns>The call. It, and this method before it, refuses by throwing whatever it throws.</returns>
    public static Action Verification(RegistrationCredential credential, RegistrationExpectation expected, IReadOnlyCollection<Guid>? revoked = null)
    {
        var rpId = expected.RelyingPartyId;
        var fido2 = new Fido2(ConfigurationFor(expected), expected.Trust.Roots is null ? null : new Models(expected.Trust, revoked ?? []));
        var parameters = new MakeNewCredentialParams
        {
            AttestationResponse = Read(credential),
            OriginalOptions = new CredentialCreateOptions
            {
                Rp = new PublicKeyCredentialRpEntity(rpId, rpId),
                User = new Fido2User { Id = [1], Name = "user", DisplayName = "user" },
                Challenge = Base64Url.DecodeFromChars(expected.Challenge),
                PubKeyCredParams = [.. expected.Algorithms.Select(algorithm => new PubKeyCredParam((COSE.Algorithm)algorithm))],
                AuthenticatorSelection = new AuthenticatorSelection { UserVerification = UserVerificationFor(expected) },
            },
            IsCredentialIdUniqueToUserCallback = (_, _) => Task.FromResult(true),
        };
        return () => fido2.MakeNewCredentialAsync(parameters).GetAwaiter().GetResult();
    }

    /// <summary>The same for an assertion.</summary>
    /// <param name="assertion">An assertion with a passkey.</param>
    /// <param name="credential">What our verifier holds it against. Whether BE was set at registration is left out: the peer does not ask.</param>
    /// <param name="coseKey">The credential public key as it was attested, which the peer stores in place of ours.</param>
    /// <param name="expected">What our verifier expects of it.</param>
    public static Action Verification(CredentialAssertion assertion, StoredCredential credential, ReadOnlyMemory<byte> coseKey, AssertionExpectation expected)
    {
        var fido2 = new Fido2(ConfigurationFor(expected));
        var parameters = new MakeAssertionParams
        {
            AssertionResponse = Read(assertion),
            OriginalOptions = new AssertionOptions
            {
                RpId = expected.RelyingPartyId,
                Challenge = Base64Url.DecodeFromChars(expected.Challenge),
                // Where no ids were offered, the caller has found the credential by its id.
                AllowCredentials = [.. (expected.AllowCredentials ?? [credential.CredentialId]).Select(id => new PublicKeyCredentialDescriptor(id.ToArray()))],
                UserVerification = UserVerificationFor(expected),
            },
            StoredPublicKey = coseKey.ToArray(),
            StoredSignatureCounter = credential.SignCount,
            IsUserHandleOwnerOfCredentialIdCallback = (asked, _) => Task.FromResult(
                credential.UserId == (expected.UserId ?? credential.UserId) && asked.UserHandle.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(credential.UserId))),
        };
        return () => fido2.MakeAssertionAsync(parameters).GetAwaiter().GetResult();
    }

    private static Fido2Configuration ConfigurationFor(CeremonyExpectation expected) => new()
    {
        RPID = expected.RelyingPartyId,
        RPName = expected.RelyingPartyId,
        Origins = new HashSet<string>(expected.Origins, StringComparer.Ordinal),
        AllowCrossOriginRequests = expected.AllowCrossOrigin,
    };

    private static UserVerificationRequirement UserVerificationFor(CeremonyExpectation expected) =>
        expected.RequireUserVerification ? UserVerificationRequirement.Required : UserVerificationRequirement.Discouraged;

    private static AuthenticatorAssertionRawResponse Read(CredentialAssertion assertion) => new JsonObject
    {
        ["id"] = assertion.CredId,
        ["rawId"] = assertion.CredId,
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = new JsonObject
        {
            ["clientDataJSON"] = assertion.ClientData,
            ["authenticatorData"] = assertion.AuthenticatorData,
            ["signature"] = assertion.Signature,
            ["userHandle"] = assertion.UserHandle,
        },
    }.Deserialize<AuthenticatorAssertionRawResponse>()!;

    private static AuthenticatorAttestationRawResponse Read(RegistrationCredential credential) => new JsonObject
    {
        ["id"] = credential.CredId,
        ["rawId"] = credential.CredId,
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = new JsonObject
        {
            ["clientDataJSON"] = credential.ClientData,
            ["attestationObject"] = credential.AttestationData,
            ["transports"] = new JsonArray(),
        },
    }.Deserialize<AuthenticatorAttestationRawResponse>()!;

    /// <summary>What the peer takes trust from: for every model a metadata entry that says of it what our policy says.</summary>
    private sealed class Models(AttestationTrust trust, IReadOnlyCollection<Guid> revoked) : IMetadataService
    {
        public Task<MetadataBLOBPayloadEntry?> GetEntryAsync(Guid aaguid, CancellationToken cancellationToken = default) => Task.FromResult<MetadataBLOBPayloadEntry?>(new()
        {
            AaGuid = aaguid,
            MetadataStatement = new MetadataStatement
            {
                AttestationTypes = trust.AcceptSelf ? ["basic_full", "attca", "anonca", "basic_surrogate"] : ["basic_full", "attca", "anonca"],
                AttestationRootCertificates = [.. trust.Roots!.Select(root => Convert.ToBase64String(root.Anchor.Encoded.Span))],
            },
            StatusReports = trust.DeniedAaguids.Concat(revoked).Contains(aaguid) ? [new StatusReport { Status = AuthenticatorStatus.REVOKED }] : [],
        });

        public bool ConformanceTesting() => false;
    }
}
