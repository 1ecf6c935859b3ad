using Dfns.Registration.Verification;

namespace Dfns.Registration.Api.Errors;

/// <summary>What a front-end developer is told for each reason of the verifiers. A reason without a row does not compile.</summary>
internal static class RefusalErrors
{
    /// <summary>A row for every reason.</summary>
    public static readonly IReadOnlyList<ApiError> All = [.. Enum.GetValues<RefusalReason>().Select(Row).DistinctBy(e => e.Code)];

    /// <summary>The error for a refused credential.</summary>
    /// <param name="refusal">Why, and in which member.</param>
    /// <param name="slotPath">JSON path of the credential.</param>
    public static ApiError For(Refusal refusal, string slotPath) =>
        Row(refusal.Reason).Saying(refusal.Detail).At(slotPath + refusal.Part switch
        {
            CredentialPart.Credential => "",
            CredentialPart.CredId => ".credentialInfo.credId",
            CredentialPart.ClientData => ".credentialInfo.clientData",
            CredentialPart.AttestationData => ".credentialInfo.attestationData",
        });

    private static ApiError Row(RefusalReason reason) => reason switch
    {
        RefusalReason.NotVerified => new("not_verified", 400, "The credential was not verified."),
    };
}
