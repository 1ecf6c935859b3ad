using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Authentication;

namespace Dfns.Registration.Verification.Tests.AuthenticationCeremony;

/// <summary>§7.2 step 13: not inside someone else's page, unless that is expected.</summary>
public sealed class Step13_CrossOriginTests
{
    [Fact]
    [Clause("7.2", 13)]
    public void Accepts_client_data_without_crossOrigin() => Accepted(Get(draft => draft.ClientData.Remove("crossOrigin")));

    [Fact]
    [Clause("7.2", 13)]
    public void Accepts_crossOrigin_where_it_is_expected() =>
        Accepted(Get(draft => draft.ClientData.Set("crossOrigin", true)), Expected with { AllowCrossOrigin = true });

    [Fact]
    [Clause("7.2", 13)]
    public void Refuses_crossOrigin_otherwise() =>
        Refused(RefusalReason.CrossOriginNotAllowed, Get(draft => draft.ClientData.Set("crossOrigin", true)));
}
