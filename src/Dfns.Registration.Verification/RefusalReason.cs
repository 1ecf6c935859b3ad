namespace Dfns.Registration.Verification;

/// <summary>The closed list of reasons for which a credential is refused.</summary>
public enum RefusalReason
{
    /// <summary>Nothing was verified: the value of a result nobody set.</summary>
    NotVerified,
}

/// <summary>Facts about each reason that every caller needs.</summary>
public static class RefusalReasons
{
    /// <summary>Names the member of the credential in which a fault of this kind lies.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The member.</returns>
    public static CredentialPart PartOf(RefusalReason reason) => reason switch
    {
        RefusalReason.NotVerified => CredentialPart.Credential,
    };
}
