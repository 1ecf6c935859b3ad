namespace Dfns.Registration.Api.Accounts;

/// <summary>
/// An organisation as newer clients name it: <c>tenantId</c> in place of <c>orgId</c>. Here a tenant is an organisation, and its id is the organisation's,
/// or the same with <c>acct</c> in front where a client insists on that form.
/// </summary>
internal static class TenantIds
{
    private const string Prefix = "acct-";

    /// <summary>The id of the organisation that a request names.</summary>
    /// <param name="orgId">As sent; it decides where it is there, since clients of other services send both.</param>
    /// <param name="tenantId">As sent.</param>
    /// <returns>Null where neither is there.</returns>
    public static string? Organisation(string? orgId, string? tenantId) =>
        orgId ?? (tenantId is not null && tenantId.StartsWith(Prefix, StringComparison.Ordinal) ? $"or-{tenantId[Prefix.Length..]}" : tenantId);
}
