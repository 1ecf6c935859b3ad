namespace Dfns.Registration.Api.Tokens;

/// <summary>What a token is for.</summary>
internal enum TokenPurpose
{
    /// <summary>Completing a registration.</summary>
    Registration,

    /// <summary>Answering the challenge of a sign-in.</summary>
    Login,

    /// <summary>Answering the challenge of a user action.</summary>
    UserAction,

    /// <summary>Using a user action that was signed, once.</summary>
    SignedUserAction,

    /// <summary>Completing a recovery.</summary>
    Recovery,

    /// <summary>Answering the challenge for a new credential.</summary>
    NewCredential,

    /// <summary>Calling as a user or as a service account.</summary>
    Access,
}

/// <summary>What tells tokens of one purpose from all others, also for whoever knows no more than the published keys (RFC 8725 §3.11, §3.12).</summary>
internal static class TokenPurposes
{
    /// <summary>The type of every token that versions before this one have issued.</summary>
    private const string EarlierType = "JWT";

    /// <summary>The header <c>typ</c>: of access tokens that of RFC 9068 §2.1, of no other purpose's.</summary>
    public static string Type(this TokenPurpose purpose) => $"{Name(purpose)}+jwt";

    /// <summary>The types that are taken for a purpose. Access tokens of before live for up to a year, in back ends that nobody is there to hand another; all others lived an hour.</summary>
    public static IReadOnlyList<string> TakenTypes(this TokenPurpose purpose) => purpose == TokenPurpose.Access ? [purpose.Type(), EarlierType] : [purpose.Type()];

    /// <summary>The claim <c>aud</c>: whoever takes access tokens is at the issuer's address; all others are for a place of the service's own below it.</summary>
    /// <param name="purpose">What the token is for.</param>
    /// <param name="issuer">The <c>iss</c> of all tokens.</param>
    public static string Audience(this TokenPurpose purpose, string issuer) => purpose == TokenPurpose.Access ? issuer : $"{issuer.TrimEnd('/')}/{Name(purpose)}";

    private static string Name(TokenPurpose purpose) => purpose switch
    {
        TokenPurpose.Registration => "registration",
        TokenPurpose.Login => "login",
        TokenPurpose.UserAction => "user-action",
        TokenPurpose.SignedUserAction => "signed-user-action",
        TokenPurpose.Recovery => "recovery",
        TokenPurpose.NewCredential => "new-credential",
        TokenPurpose.Access => "at",
    };
}
