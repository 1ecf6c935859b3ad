using Dfns.Registration.TestKit;
using static Dfns.Registration.Verification.Tests.Ceremony;

namespace Dfns.Registration.Verification.Tests.RegistrationCeremony;

/// <summary>§7.1 step 10: not inside someone else's page, unless that is expected.</summary>
public sealed class Step10_CrossOriginTests
{
    [Fact]
    [Clause("7.1", 10)]
    public void Accepts_client_data_without_crossOrigin() => Accepted(Make(draft => draft.ClientData.Remove("crossOrigin")));

    [Fact]
    [Clause("7.1", 10)]
    public void Accepts_crossOrigin_where_it_is_expected() =>
        Accepted(Make(draft => draft.ClientData.Set("crossOrigin", true)), Expected with { AllowCrossOrigin = true });

    [Fact]
    [Clause("7.1", 10)]
    public void Refuses_crossOrigin_otherwise() =>
        Refused(RefusalReason.CrossOriginNotAllowed, Make(draft => draft.ClientData.Set("crossOrigin", true)));
}
