using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class VouchedCeremonies : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_ceremonies_vouched",
                table: "ceremonies",
                columns: new[] { "organisation_id", "vouched_by" },
                filter: "vouched_by IS NOT NULL AND consumed_at IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_ceremonies_vouched",
                table: "ceremonies");
        }
    }
}
